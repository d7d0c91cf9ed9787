"""Figures in the text that Prometheus reads (exposition format 0.0.4)."""

from polity_chassis.observability.gauges import Gauge, exposition


def test_each_name_is_described_once_with_all_its_values() -> None:
    lag = [Gauge("lag", "Facts behind", value, (("consumer", name),)) for name, value in (("a", 1), ("b", 2.5))]
    assert exposition([lag[0], Gauge("up", "Whether it is", 1), lag[1]]).splitlines() == [
        "# HELP lag Facts behind",
        "# TYPE lag gauge",
        'lag{consumer="a"} 1',
        'lag{consumer="b"} 2.5',
        "# HELP up Whether it is",
        "# TYPE up gauge",
        "up 1",
    ]


def test_a_label_cannot_break_out_of_its_line() -> None:
    text = exposition([Gauge("x", "X", 1, (("name", 'a"b\\c\nd'),))])
    assert text.splitlines()[2] == 'x{name="a\\"b\\\\c\\nd"} 1'

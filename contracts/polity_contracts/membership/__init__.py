"""The facts that membership publishes, one module per aggregate.

Text that people wrote for others is a map of BCP 47 language to text, with the fallback language beside it.
Instants are UTC; a deadline keeps its IANA zone. No fact but PersonRecorded names a person. `answer_step` counts what
one invitation was answered, 1, 2, 3 …, over its own facts and its commitment's, whatever the clocks say; None before
it was counted.
"""

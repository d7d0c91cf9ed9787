"""What a change takes by hand, counted on a small repository made for it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOL = ROOT / "tools" / "change_size.py"
ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
AUTHOR = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Repository:
    """A git repository whose commits are made of paths and texts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ("git", *arguments),
            cwd=self.folder,
            env={**inherited, **ALONE, **AUTHOR},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | bytes | None]) -> str:
        """Writes the files (None: removes one), commits them and returns the commit's id."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A step")
        return self.git("rev-parse", "HEAD")

    def size(self, revision: str) -> dict[str, dict[str, int]]:
        """Returns what the tool counts, without the kinds of which there is nothing."""
        done = self.ask(revision, "--json")
        assert done.returncode == 0, done.stderr
        return {kind: row for kind, row in json.loads(done.stdout).items() if row["files"]}

    def ask(self, *arguments: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        command = (sys.executable, TOOL, *arguments)
        return subprocess.run(command, cwd=self.folder / inside, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.commit({"service/old.py": "a = 1\nb = 2\nc = 3\nd = 4\n", "README.md": "# Here\n"})
    return made


def row(files: int, lines: int) -> dict[str, int]:
    return {"files": files, "lines": lines}


def test_each_kind_is_counted_by_its_paths(repository: Repository) -> None:
    change = repository.commit(
        {
            "service/usecases/leave.py": "1\n\n# why\n",
            "service/migrations/versions/0001_x.py": "1\n2\n",
            "contracts/examples/left.json": "{}\n",
            "tests/unit/test_leave.py": "1\n2\n3\n4\n",
            "tests/README.md": "1\n",
            "mail/catalogues/fr.toml": "1\n2\n",
            "service/http/titles.json": "{}\n",
            "portal/templates/office.html": "1\n",
            "portal/static/office.css": "1\n",
            "docs/partners/receive.py": "1\n",
            "README.md": "# Here\nand there\n",
        }
    )
    assert repository.size(change) == {
        "tests": row(2, 5),
        "catalogues": row(2, 3),
        "templates": row(2, 2),
        "docs": row(2, 2),
        "code": row(3, 6),
        "total": row(11, 18),
    }


def test_lines_that_are_changed_are_written_and_lines_that_went_are_not(repository: Repository) -> None:
    change = repository.commit({"service/old.py": "a = 1\nb = 3\n", "README.md": ""})
    assert repository.size(change) == {"docs": row(1, 0), "code": row(1, 1), "total": row(2, 1)}


def test_a_file_that_moved_is_not_written_anew(repository: Repository) -> None:
    moved = repository.commit({"service/old.py": None, "service/new.py": "a = 1\nb = 2\nc = 3\nd = 4\n"})
    assert repository.size(moved) == {}
    moved_on = repository.commit({"service/new.py": None, "rooms/new.py": "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n"})
    assert repository.size(moved_on) == {"code": row(1, 1), "total": row(1, 1)}


def test_what_is_generated_vendored_or_binary_is_not_counted(repository: Repository) -> None:
    repository.commit({".gitattributes": "schemas/*.json linguist-generated\n**/vendor/** linguist-vendored\n"})
    change = repository.commit(
        {
            "schemas/left.json": "{}\n",
            "portal/static/vendor/pico/pico.css": "a {}\n",
            "portal/static/mark.png": b"\x89PNG\x00\x00",
            "portal/static/office.css": "a {}\n",
        }
    )
    assert repository.size(change) == {"templates": row(1, 1), "total": row(1, 1)}


CATALOGUE = """
msgid ""
msgstr ""
"PO-Revision-Date: 2030-01-01 00:00+0000\\n"
"Language: fr\\n"

#: pages/answer.py:10 pages/answer.py:20
#: templates/answer.html:3
#, python-format
msgid "Not this time"
msgstr "Pas cette fois"
"""


def test_of_a_catalogue_only_what_people_write_is_counted(repository: Repository) -> None:
    made = repository.commit({"locale/fr/LC_MESSAGES/portal.po": CATALOGUE})
    # Blank lines are lines; the date, two references and the flag are an extraction's.
    assert repository.size(made) == {"catalogues": row(1, 7), "total": row(1, 7)}
    extracted = repository.commit({"locale/fr/LC_MESSAGES/portal.po": CATALOGUE.replace(".py:20", ".py:31")})
    assert repository.size(extracted) == {}
    moved = repository.commit(
        {
            "locale/fr/LC_MESSAGES/portal.po": None,
            "i18n/fr.po": CATALOGUE.replace(".html:3", ".html:4").replace("Pas", "Non, pas"),
        }
    )
    assert repository.size(moved) == {"catalogues": row(1, 1), "total": row(1, 1)}


def test_a_range_is_compared_from_end_to_end(repository: Repository) -> None:
    begin = repository.git("rev-parse", "HEAD")
    repository.commit({"service/leave.py": "1\n2\n3\n"})
    repository.commit({"service/leave.py": "1\n2\n", "service/stay.py": "1\n"})
    assert repository.size(f"{begin}..HEAD") == {"code": row(2, 3), "total": row(2, 3)}
    assert repository.size(f"{begin}...HEAD") == {"code": row(2, 3), "total": row(2, 3)}


def test_a_merge_is_what_it_brought_in_and_the_first_commit_all_of_it(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit({"service/leave.py": "1\n2\n"})
    repository.commit({"service/leave.py": "1\n2\n3\n", "locale/fr.po": CATALOGUE})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"service/other.py": "1\n"})
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge", "branch")
    assert repository.size("HEAD") == {"catalogues": row(1, 7), "code": row(1, 3), "total": row(2, 10)}
    first = repository.git("rev-list", "--max-parents=0", "HEAD")
    assert repository.size(first) == {"docs": row(1, 1), "code": row(1, 4), "total": row(2, 5)}


def test_names_in_any_letters_and_a_persons_own_settings_change_nothing(repository: Repository) -> None:
    repository.git("config", "diff.noprefix", "true")
    repository.git("config", "color.ui", "always")
    repository.git("config", "diff.renames", "false")
    change = repository.commit({"docs/señal más.md": "1\n", "locale/français 2.po": "#: a.py:1\nmsgid 'x'\n"})
    assert repository.size(change) == {"catalogues": row(1, 1), "docs": row(1, 1), "total": row(2, 2)}


def test_from_a_folder_inside_all_is_counted_alike(repository: Repository) -> None:
    repository.commit({".gitattributes": "schemas/* linguist-generated\n"})
    repository.commit({"schemas/x.json": "{}\n", "locale/fr.po": CATALOGUE, "service/leave.py": "1\n"})
    assert repository.ask("HEAD", inside="service").stdout == repository.ask("HEAD").stdout
    assert repository.size("HEAD")["total"] == row(2, 8)


def test_the_table_names_each_kind_and_the_total(repository: Repository) -> None:
    table = repository.ask("HEAD").stdout.splitlines()
    assert table[0] == "| written by hand | files | lines |"
    assert table[-2:] == ["| code | 1 | 4 |", "| total | 2 | 5 |"]


def test_what_git_does_not_know_is_said_and_nothing_counted(repository: Repository) -> None:
    done = repository.ask("nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere" in done.stderr


@pytest.mark.parametrize(
    "path",
    ["contracts/asyncapi.json", "requirements.lock", "services/portal/requirements.lock", "deploy/local/bootstrap.txt"],
)
def test_here_the_generated_files_are_marked_as_such(path: str) -> None:
    told = subprocess.run(
        ("git", "check-attr", "linguist-generated", path), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (ROOT / path).is_file()
    assert told.stdout.endswith(": set\n")

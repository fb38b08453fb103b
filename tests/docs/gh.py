"""A double of GitHub's API behind its command `gh`: it keeps comments in files, and knows one merged pull request.

Its folder is in GH_FOLDER: `pulls.json` is the answer about the commit, `runs.json` that about the workflow's runs.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path


def main() -> None:
    folder = Path(os.environ["GH_FOLDER"])
    assert os.environ.get("GH_TOKEN"), "gh has no token"
    match sys.argv[1:]:
        case ["pr", "comment", number, *options]:
            chosen = parsed(options, "repo", "body-file", flags=["edit-last", "create-if-none"])
            text = Path(chosen.body_file).read_text()
            assert len(text) <= 65536, "GitHub accepts no longer comment"
            (folder / f"comment-{number}.md").write_text(text)
        case ["api", address, *options]:
            chosen = parsed(options, "jq")
            commit = address.removeprefix(f"repos/{os.environ['GITHUB_REPOSITORY']}/commits/").removesuffix("/pulls")
            pulls = json.loads((folder / "pulls.json").read_text()).get(commit, [])
            assert chosen.jq == ".[0].head.sha // empty"
            answer(pull["head"]["sha"] for pull in pulls[:1])
        case ["run", "list", *options]:
            chosen = parsed(options, "repo", "workflow", "commit", "status", "limit", "json", "jq")
            assert (chosen.json, chosen.jq) == ("databaseId", ".[0].databaseId // empty")
            runs = json.loads((folder / "runs.json").read_text())
            wanted = [chosen.workflow, chosen.commit, chosen.status]
            answer(run["id"] for run in runs if [run["workflow"], run["commit"], run["status"]] == wanted)
        case ["run", "download", number, *options]:
            chosen = parsed(options, "repo", "name")
            for file in (folder / "artifacts" / number / chosen.name).iterdir():
                shutil.copy(file, file.name)
        case other:
            sys.exit(f"gh: this double does not know {other}")


def answer(values: Iterable[object]) -> None:
    sys.stdout.writelines(f"{value}\n" for value in values)


def parsed(options: list[str], *names: str, flags: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("gh", allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}")
    for name in flags or []:
        parser.add_argument(f"--{name}", action="store_true", required=True)
    return parser.parse_args(options)


if __name__ == "__main__":
    main()

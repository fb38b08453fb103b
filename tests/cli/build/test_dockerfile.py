"""A builder and a last stage of different Alpine or Debian releases are found in the Dockerfile."""

from pathlib import Path

import pytest

from cli.build import base_release, build_hints
from cli.build.base_release import Release
from cli.build.dockerfile import Source, base, copied, stages
from cli.refused import Refused

TWO = """# syntax=docker/dockerfile:1
ARG ELIXIR=1.18.4
ARG ALPINE=3.21 OTHER="3.23.3"
ARG BUILDER=hexpm/elixir:${ELIXIR}-erlang-27.3-alpine-${OTHER}

FROM --platform=linux/amd64 ${BUILDER} AS Builder
RUN cat <<EOF > /tmp/query.sql
FROM postgres:16
EOF
RUN apk add --no-cache git \\
  # a comment in the middle
  build-base

from builder as release
RUN mix release

FROM alpine:$ALPINE
COPY --chown=app --from=release /app /app
"""
OS_RELEASE = {
    "elixir:1.18.4-alpine": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.23.3\n',
    "elixir:1.18.4-slim": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
}
INJECTED = "** (ArgumentError) cannot inject attribute @all into function/macro because cannot escape #Reference<0.1>"


@pytest.fixture(autouse=True)
def _images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these images are here."""
    monkeypatch.setattr(base_release, "_os_release", lambda image: OS_RELEASE.get(image, ""))


def two(builder: str, runner: str) -> str:
    return f"FROM {builder} AS build\nRUN make\nFROM {runner}\nCOPY --from=build /app /app\n"


def test_stages_are_read_with_their_arguments_and_without_heredocs() -> None:
    every = stages(TWO, {})
    assert [(each.name, each.image, each.line) for each in every] == [
        ("builder", "hexpm/elixir:1.18.4-erlang-27.3-alpine-3.23.3", 6),
        ("release", "builder", 14),
        ("2", "alpine:3.21", 17),
    ]
    assert base(every[1], every) == every[0].image
    assert copied(every) == [Source("release", every[0].image, is_certain=True)]


def test_the_builds_own_arguments_replace_the_defaults() -> None:
    assert stages(TWO, {"ALPINE": "3.23"})[-1].image == "alpine:3.23"
    assert base_release.check("Dockerfile", TWO, {"ALPINE": "3.23"}) == []


def test_a_different_alpine_is_refused_with_both_and_what_to_write() -> None:
    with pytest.raises(Refused) as refused:
        base_release.check("services/legal/app/build: Dockerfile", TWO, {})
    text = str(refused.value)
    assert text.startswith("services/legal/app/build: Dockerfile:17: the stage release builds on Alpine 3.23 ")
    assert "the last stage runs on Alpine 3.21 (alpine:3.21)" in text
    assert "FROM alpine:3.23" in text


@pytest.mark.parametrize(
    ("builder", "runner"),
    [
        ("elixir:1.18.4-alpine", "alpine:3.21"),
        ("elixir:1.18.4-slim", "debian:trixie-slim"),
        ("hexpm/elixir:1.18.4-erlang-27.3-debian-bookworm-20250407-slim", "debian:13-slim"),
        ("elixir:1.18.4-slim", "alpine:3.23"),
        ("erlang:27-alpine3.21", "alpine:3.23.1"),
        ("ubuntu:24.04", "ubuntu:jammy-20250404"),
    ],
)
def test_different_releases_are_refused(builder: str, runner: str) -> None:
    with pytest.raises(Refused, match="the last stage runs on"):
        base_release.check("Dockerfile", two(builder, runner), {})


@pytest.mark.parametrize(
    ("builder", "runner"),
    [
        ("elixir:1.18.4-alpine", "alpine:3.23"),
        ("elixir:1.18.4-slim", "debian:12.11-slim"),
        ("hexpm/elixir:1.18.4-erlang-27.3-debian-bookworm-20250407-slim", "debian:bookworm-slim"),
        ("ubuntu:24.04", "ubuntu:noble"),
        ("elixir:1.18.4-alpine", "elixir:1.18.4-alpine"),
        ("golang:1.25-bookworm", "scratch"),
    ],
)
def test_equal_releases_and_an_empty_base_are_accepted(builder: str, runner: str) -> None:
    assert base_release.check("Dockerfile", two(builder, runner), {}) == []


def test_a_release_that_nobody_names_is_said_to_be_unknown() -> None:
    [warning] = base_release.check("Dockerfile", two("elixir:1.19-alpine", "alpine:3.23"), {})
    assert warning == "Dockerfile: which Alpine or Debian elixir:1.19-alpine is made of cannot be known here"


@pytest.mark.parametrize(("builder", "is_native"), [("node:22-alpine3.22", True), ("site/tools:alpine3.22", False)])
def test_scripts_for_a_browser_are_only_warned(builder: str, is_native: bool) -> None:
    [warning] = base_release.check("Dockerfile", two(builder, "alpine:3.21"), {}, is_native=is_native)
    assert "Alpine 3.22" in warning


@pytest.mark.parametrize("text", ["FROM alpine:3.21\n", "FROM alpine:3.23 AS unused\nFROM debian:12\nRUN true\n"])
def test_a_stage_whose_files_are_not_copied_may_be_anything(text: str) -> None:
    assert base_release.check("Dockerfile", text, {}) == []


MADE = "FROM elixir:1.18-alpine3.23 AS build\nRUN make\nFROM alpine:3.20\nCOPY --from=build /app /app\n"


@pytest.mark.parametrize(
    "text",
    [
        MADE.replace("RUN make", "RUN bash -c 'cat <<<foo'"),
        MADE.replace("RUN make", "RUN echo $((1<<10)) $((A<<B))"),
        MADE.replace("RUN make", "COPY <<A <<'B' /x/\nFROM q\nA\nFROM r\nB"),
        MADE.replace("RUN make", "RUN <<-EOF\n\tFROM foo\n\tEOF"),
        MADE.replace("FROM alpine", "FROM\talpine"),
        MADE.replace("COPY --from", "COPY\t--link --from"),
        MADE.replace("AS build", "as BUILD").replace("from=build", "from=Build"),
        "FROM elixir:1.18-alpine3.23 AS build\nFROM scratch AS kept\nCOPY --from=build /a /a\n"
        "FROM alpine:3.20\nCOPY --from=kept /a /a\n",
    ],
)
def test_a_difference_is_found_in_each_way_of_writing(text: str) -> None:
    with pytest.raises(Refused, match=r"the stage build builds on Alpine 3\.23 "):
        base_release.check("Dockerfile", text, {})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            MADE.replace("COPY --from=build /app /app", "RUN --mount=type=bind,from=build,target=/m cp /m/a /a"),
            "Dockerfile:3: the stage build builds on Alpine 3.23 (elixir:1.18-alpine3.23) and the last stage runs on "
            "Alpine 3.20 (alpine:3.20)",
        ),
        (
            "FROM alpine:3.20\nCOPY --from=elixir:1.18-alpine3.23 /usr/lib/erlang /usr/lib/erlang\n",
            "Dockerfile:1: files come from elixir:1.18-alpine3.23, which is made of Alpine 3.23, and the last stage "
            "runs on Alpine 3.20 (alpine:3.20)",
        ),
        (
            "FROM debian:12 AS tools\nFROM elixir:1.18-alpine3.20 AS build\nCOPY --from=tools /a /a\n"
            "FROM alpine:3.20\nCOPY --from=build /app /app\n",
            "Dockerfile:4: the stage tools builds on Debian bookworm (debian:12) and the last stage runs on "
            "Alpine 3.20 (alpine:3.20)",
        ),
        (MADE.replace("=build", "=$S"), "Dockerfile: which Alpine or Debian $S is made of cannot be known here"),
    ],
)
def test_files_that_may_be_of_another_release_are_warned_of(text: str, shown: str) -> None:
    assert base_release.check("Dockerfile", text, {}) == [shown]


def test_scripts_that_only_the_builder_has_copied_are_not_mentioned() -> None:
    text = (
        "FROM node:22-alpine3.22 AS assets\nFROM elixir:1.18-alpine3.20 AS build\nCOPY --from=assets /a /a\n"
        "FROM alpine:3.20\nCOPY --from=build /app /app\n"
    )
    assert base_release.check("Dockerfile", text, {}) == []


def test_a_file_without_a_stage_is_refused() -> None:
    with pytest.raises(Refused, match="Dockerfile: has no FROM"):
        base_release.check("Dockerfile", "# nothing\n", {})


@pytest.mark.parametrize(
    ("image", "release"),
    [("alpine:3", None), ("alpine:edge", None), ("owner/alpine-tools:3.4", None), ("alpine:3.20", "Alpine 3.20")],
)
def test_a_tag_that_names_no_release_is_not_guessed(image: str, release: str | None) -> None:
    assert (str(found) if (found := base_release.by_tag(image)) else None) == release


def test_an_image_says_its_own_release() -> None:
    assert base_release.of_image("elixir:1.18.4-alpine") == Release("Alpine", "3.23")


MODULE = '''defmodule Legal.Actors do
  @moduledoc """
  Uses ~r/patterns/ of actors.
  """
  @timeout 5_000
  @minister ~r/Minister|Secretary/
  @all [
    "a",
    ~r{Agency}i,
    ~r/Board/
  ]
  # @old ~r/x/
  @doc "Like ~r/x/."
  def match?(text), do: text =~ ~r/inline is fine/
  @sized %{short: 3}
end
'''


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for folder in ("lib/legal", "deps/other/lib"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "actors.ex").write_text(MODULE)
    return tmp_path


def test_attributes_with_a_regex_are_found_by_file_and_line(context: Path) -> None:
    found = [("lib/legal/actors.ex:6", "minister"), ("lib/legal/actors.ex:9", "all")]
    assert list(build_hints.attributes(context)) == found


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("error: Failed to load NIF library", ["6: @minister", "9: @all"]),
        (INJECTED, ["9: @all"]),
        ("cannot escape #Reference<0.12.3>", ["6: @minister", "9: @all"]),
    ],
)
def test_a_regex_in_an_attribute_is_pointed_at(context: Path, log: str, shown: list[str]) -> None:
    first, *places = build_hints.explain(f"==> legal\n{log}\n", context)
    assert first.startswith("a module attribute holds a compiled regex")
    assert [place.rpartition("actors.ex:")[2] for place in places] == shown


def test_crypto_of_another_alpine_is_explained(context: Path) -> None:
    log = "Error relocating /app/lib/crypto.so: EVP_PKEY_sign_message_init: symbol not found"
    [line] = build_hints.explain(log, context)
    assert "not the same Alpine" in line


def test_any_other_log_has_no_explanation(context: Path) -> None:
    assert list(build_hints.explain("** (CompileError) lib/legal.ex:1: syntax error", context)) == []

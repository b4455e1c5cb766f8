"""What must not be served: files that are not there, folders, and whatever lies outside the directory."""

from __future__ import annotations

import pytest

from grader.errors import SubmissionFault
from grader.spec import check
from specs.web.service import Site, Web, ask, expect_refusal, expect_whole, next_is_served

#: Ways to name the room's /etc/passwd, which lies outside the server's directory, /data.
OUTSIDE = {
    "dots": [
        "/../etc/passwd",
        "/../../../../etc/passwd",
        "/docs/../../etc/passwd",
        "/./../etc/passwd",
        "/..//etc/passwd",
        "/docs/./.././../etc/passwd",
    ],
    "absolute": [
        "/etc/passwd",
        "//etc/passwd",
        "///etc/passwd",
        "/./etc/passwd",
        "etc/passwd",
        "../etc/passwd",
    ],
    "encoded": [
        "/%2e%2e/etc/passwd",
        "/%2E%2E/etc/passwd",
        "/.%2e/etc/passwd",
        "/%2e./%65tc/passwd",
        "/..%2fetc%2fpasswd",
        "/%2e%2e%2Fetc/passwd",
        "/docs%2f..%2f..%2fetc/passwd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/%2fetc/passwd",
        "/%2fetc%2fpasswd",
        "/%252e%252e/etc/passwd",
        "/%25%32%65%25%32%65/etc/passwd",
    ],
}
SECRET = b"root:x:0:0:"


@check("web.missing-file")
@pytest.mark.parametrize("path", ["/no-such-file.html", "/no/such/folder/file.html", "/page.htm"])
def check_missing_file(site: Site, server: Web, path: str) -> None:
    """A file that is not there is answered with a whole 404 reply, and the next client is served."""
    expect_refusal(ask(server, path), {404}, f"a file that is not there, {path},")
    next_is_served(server, site)


@check("web.unreadable-file")
def check_unreadable_file(site: Site, server: Web) -> None:
    """A file that the server may not read gets an error reply or the end of the connection, and the next client is served."""
    client = ask(server, site.unreadable("/private.html"))
    response = client.response_if_any()
    client.close()
    if response is not None and expect_whole(response).status < 400:
        raise SubmissionFault(
            f"a file that cannot be opened was answered with {response.status}",
            expected="403, 404 or 500",
            actual=repr(response.header[:200]),
        )
    next_is_served(server, site)


@check("web.directory")
@pytest.mark.parametrize("path", ["/", "/docs", "/docs/"])
def check_directory(site: Site, server: Web, path: str) -> None:
    """A request for a directory gets a whole reply, whatever it says, or the end of the connection, and the next client is served."""
    site.file("/docs/notes.txt", b"hola\n")
    client = ask(server, path)
    if (response := client.response_if_any()) is not None:
        expect_whole(response)
    client.close()
    next_is_served(server, site)


@check("web.stays-inside")
@pytest.mark.parametrize("how", OUTSIDE)
def check_stays_inside(site: Site, server: Web, how: str) -> None:
    """No file outside the directory is ever served, however the path is written: `..`, absolute, percent-encoded."""
    site.file("/docs/notes.txt", b"hola\n")
    for path in OUTSIDE[how]:
        client = ask(server, path)
        response = client.response_if_any()
        client.close()
        if response is None:
            continue
        if SECRET in response.body or response.status == 200:
            raise SubmissionFault(
                f"GET {path} was answered with {response.status}"
                + (", and a file outside the server's directory" if SECRET in response.body else ""),
                expected="403, 404 or 400",
                actual=repr((response.header + response.body)[:200]),
            )
    next_is_served(server, site)

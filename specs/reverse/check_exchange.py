from grader.spec import check


@check("reverse.exchange")
def check_exchange(server):
    """The reply to a request is its bytes in reverse order, with no header."""
    client = server.connect()
    assert client.ask(b"hola") == b"aloh"
    assert client.nothing_more()

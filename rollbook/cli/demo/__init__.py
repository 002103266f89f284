"""`rollbook demo`: the whole product on this machine, with made-up students."""

"""Files that a daemon is run with; `smppcast files` prints them."""

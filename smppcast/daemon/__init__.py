"""The daemon: campaigns and single messages over HTTP, run by people and trusted overnight."""

"""Settings as dataclasses: what a key may be, TOML files read and checked as a whole, and their reference."""

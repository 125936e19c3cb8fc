"""The four commands: arguments and exit codes only; the logic is in the layers below."""

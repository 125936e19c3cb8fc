"""The full-screen client: what `securechat.client.chat` holds, drawn with Textual."""

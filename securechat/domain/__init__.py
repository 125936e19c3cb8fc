"""What the chat is about: accounts, rooms, rights, events. No socket, no SQL, no IRC text."""

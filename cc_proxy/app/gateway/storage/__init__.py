"""What the proxy has learned and keeps in files; each can be learned again."""

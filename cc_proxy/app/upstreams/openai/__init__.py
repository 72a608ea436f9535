"""The chat API of OpenAI's shape (`/v1/chat/completions`), as local servers speak it."""

"""How many of the tool calls that models write get through, and how many texts are left alone."""

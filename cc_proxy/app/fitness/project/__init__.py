"""The simulated project: files in memory, and tools that touch nothing of the machine."""

"""Answers that came to nothing: how one is noticed, and what the model is asked instead."""

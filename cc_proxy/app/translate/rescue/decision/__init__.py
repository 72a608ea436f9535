"""Whether a call that was written is meant: its provenance, form, place, will and stakes."""

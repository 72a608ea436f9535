"""The decision whether a written call is real, by provenance, form, place, will and stakes."""

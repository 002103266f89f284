"""How long each page of a large school with a long history takes.

`school` makes that school, `addresses` has its pages, `browser` asks for them.
"""

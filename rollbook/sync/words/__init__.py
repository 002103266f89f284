"""Every word about a run, in one module for each kind of word.

One file would be over 600 lines. The modules import the models and each other, and nothing else
of `sync`, so that mails, screens, reports and commands can all use the same words.
Labels of choices (state, mode, trigger) are those of the models, because Django needs them there.
`tests/sync/test_words.py` fails when a kind, state, reason or alarm has no words.
"""

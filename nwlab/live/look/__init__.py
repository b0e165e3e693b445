"""How everything in the window looks: colours, sizes, words, and what the window remembers."""

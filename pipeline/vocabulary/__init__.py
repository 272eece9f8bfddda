"""The words of very many texts as numbers, so that all of them are looked up, counted and put right at once.

In: texts of ASCII, and tables of what is sought. Out: which of the texts may hold it. One text by itself is read in
`pipeline.words`.
"""

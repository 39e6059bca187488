"""Tables of answers that somebody brings: how they are written, and what their columns mean.

reading   bytes -> rows of text, whatever wrote the file
headers   the first rows -> columns, as LimeSurvey, Qualtrics, Google Forms or a person names them
contents  all rows -> what stands in each column
mapping   what the columns mean, as a person or `asking` writes it
rows      a row and a mapping -> one response
asking    guessed columns -> a survey and the mapping to it
matching  a survey that is there already, and a header -> the mapping to it
"""

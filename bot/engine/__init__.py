"""The conversation: one update in, one turn out. PURE: no I/O, no clock, no channel.

in      respond.py     where an update comes in, and in which order it is taken: read this first
        routing.py     what a text means by itself          choosing.py   which choice just offered it picks
moves   lessons.py     how a guide or quiz is opened, stopped and ended
        walking.py     in a guide                           quizzing.py   in a quiz, over rounds.py
        paths.py       on a learning path, over progress.py
        judging.py     scams, QR codes, secrets             looking_up.py words and communes
out     composing.py   what is said and its buttons         composing_learning.py   the same for quizzes and paths

model.py has what goes through (Update, Session, Turn), codec.py how stores keep it, scene.py what every move is given
and how it makes a turn, library.py what is looked up (with sayings.py and places.py), postback.py what a button
carries. A move is a plain function: (scene, …) -> Turn.
They import downwards only: respond, then walking and quizzing, then lessons, paths, scene, composing.
"""

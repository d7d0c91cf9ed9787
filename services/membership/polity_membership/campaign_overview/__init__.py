"""The first page of a campaign for its secretariat.

Today's answers, figures by wave, the next deadline, and what waits for the secretariat.
It only reads, without locks.
"""

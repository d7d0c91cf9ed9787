"""What a secretariat sees first of its campaign: today's answers, figures by wave, what waits for it."""

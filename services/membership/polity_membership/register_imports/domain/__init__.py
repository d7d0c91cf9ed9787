"""What a row of a register must say, and how it differs from what the register has."""

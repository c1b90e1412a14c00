"""Theory: the linear PAIR in closed form, the bounds on latent space inference, exact expected errors."""

"""How the model is taught: speech that never happened, calls composed from it, training, alignment, evaluation."""

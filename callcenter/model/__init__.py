"""The interaction model: hears 200 ms of the caller and of itself, and says what the line does next. All of it ours."""

"""The look shared by the console and the help centre: styles, icons, scripts, templates, template tags."""

"""What the user wants: options as one typed value, and credentials from where secrets are kept."""

"""Commands about policies: served, looked at, promoted and taken back."""

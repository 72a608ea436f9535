"""Files with facts that the proxy has learned and can learn again."""

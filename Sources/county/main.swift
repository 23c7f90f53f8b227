print("county")

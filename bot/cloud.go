package bot

// mailFrom is who sends Microsoft's invitation mail in a cloud; empty is the
// public one.
func mailFrom(cloud string) string {
	switch cloud {
	case "usgov", "dod":
		return "invites@azuread.us"
	case "china":
		return "Invites@oe.21vianet.com"
	}
	return "invites@microsoft.com"
}

// signIn is where the guests of a cloud find what they may use, when the
// tenant's own address is not known; empty where Microsoft documents none.
func signIn(cloud string) string {
	switch cloud {
	case "", "public":
		return "https://myapplications.microsoft.com"
	}
	return ""
}

package entra

import (
	"regexp"
	"strings"
	"unicode"

	"partnerbot/approvals"
)

const longestText = 500

// secrets are what a platform's words may repeat and ours never do: redeem links, bearer tokens and what buys them.
var secrets = regexp.MustCompile(`(?i)\S*(?:/redeem|%2fredeem|ticket=|ticket%3d)\S*` +
	`|\bbearer\s+\S+` +
	`|\beyJ[\w-]{8,}(?:\.[\w-]*)*` +
	`|\b(?:client_secret|client_assertion|assertion|access_token|refresh_token|id_token)["']?\s*[=:]\s*["']?[^\s&"',}]+`)

var entraError = regexp.MustCompile(`AADSTS\d+:[^"\r\n]*`)

// tidy makes one printable line of at most 500 characters, without secrets and
// without anybody's address.
func tidy(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = approvals.WithoutAddresses(secrets.ReplaceAllString(s, "[removed]"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if long := []rune(s); len(long) > longestText {
		s = string(long[:longestText-1]) + "…"
	}
	return s
}

// entraWords is the sentence of Entra inside what azidentity says, which quotes the whole answer.
func entraWords(s string) string {
	found := entraError.FindString(s)
	if found == "" {
		return s
	}
	found, _, _ = strings.Cut(found, `\r`)
	found, _, _ = strings.Cut(found, `\n`)
	return found
}

func says(message string, fragments ...string) bool {
	message = strings.ToLower(message)
	for _, f := range fragments {
		if strings.Contains(message, f) {
			return true
		}
	}
	return false
}

package approvals

import (
	"strings"
	"unicode/utf8"
)

// What a guest's address may not contain, by the rules of Microsoft Graph for
// invitedUserEmailAddress (learn.microsoft.com, invitation resource type).
const forbiddenInAddress = "~!#$%^&*()+=[]{}\\/|;:\"<>?,"

// ParseAddress reads a guest's e-mail address by Graph's own rules and returns it
// with its domain in lower case, or a refusal that says what is wrong with it.
func ParseAddress(typed string) (address, domain string, err error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return "", "", ErrEmailMissing
	}
	user, domain, ok := cutAt(typed)
	if !ok || user == "" || domain == "" {
		return "", "", ErrEmailMalformed
	}
	if c, found := badCharacter(user); found {
		return "", "", ErrEmailCharacter.With("character", c)
	}
	if c, found := badCharacter(domain); found {
		return "", "", ErrEmailCharacter.With("character", c)
	}
	if strings.Trim(user, ".-") != user || strings.Contains(user, "..") {
		return "", "", ErrEmailEdge
	}
	if len(user) > 64 || len(domain) > 253 || len(typed) > 254 {
		return "", "", ErrEmailLong
	}
	domain = strings.ToLower(domain)
	if !goodDomain(domain) {
		return "", "", ErrEmailMalformed
	}
	return user + "@" + domain, domain, nil
}

// cutAt cuts an address at its last @.
func cutAt(s string) (user, domain string, ok bool) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// badCharacter finds the first character that no invitation may carry. Graph
// takes ASCII only; a domain in another script is written in its xn-- form.
func badCharacter(s string) (string, bool) {
	for _, r := range s {
		if r <= ' ' || r >= utf8.RuneSelf || r == 0x7f || r == '@' || strings.ContainsRune(forbiddenInAddress, r) {
			return string(r), true
		}
	}
	return "", false
}

// goodDomain asks for at least two labels of letters, digits and inner hyphens,
// the last one not a number.
func goodDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "-") != l || strings.ContainsAny(l, "_'`") {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(last) > 1 && strings.Trim(last, "0123456789") != ""
}

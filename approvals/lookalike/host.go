package lookalike

import "strings"

// host finds a known name in front of somebody else's domain: the whole domain
// (contoso.com.evil.example) or the name by itself, plain or made up with
// words (login-contoso.evil.example).
func (k *Known) host(n name) (Likeness, bool) {
	if len(n.front) == 0 {
		return Likeness{}, false
	}
	if s := k.whole(n); s != nil {
		return Likeness{s.given, Subdomain, n.owner}, true
	}
	for _, label := range n.front {
		l, ok := k.bestInside(n, label, func(a addition) (Likeness, bool) {
			from := max(a.from(), fromHost)
			if a.left != "" || a.right != "" {
				from = max(from, fromOtherWord)
			}
			beside := label == n.label && a.known.suffix == n.owner // both names are lent by the same
			if beside || len(a.known.runes) < from {
				return Likeness{}, false
			}
			return Likeness{a.known.given, Subdomain, join(n.owner, a.diff, a.text())}, true
		})
		if ok {
			return l, true
		}
	}
	return Likeness{}, false
}

// whole finds a known registrable domain that begins before the owner's own
// and does not end the name.
func (k *Known) whole(n name) *name {
	labels := strings.Split(n.ascii, ".")
	start := 0
	for i := range n.front {
		end := start + len(labels[i])
		for _, l := range labels[i+1 : len(labels)-1] {
			end += len(".") + len(l)
			if s := k.bases[n.ascii[start:end]]; s != nil {
				return s
			}
		}
		start += len(labels[i]) + len(".")
	}
	return nil
}

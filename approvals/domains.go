package approvals

import (
	"slices"

	"partnerbot/approvals/lookalike"
)

// Domains is what a policy knows of mail domains: those of its partners and the
// company's own are what others may look like. It is to be made anew when the
// policy changes.
func (p *Policy) Domains() DomainKnowledge {
	known := slices.Clone(p.OwnDomains)
	for _, partner := range p.Partners {
		known = append(known, partner.Domains...)
	}
	return domains{lookalike.NewKnown(known)}
}

type domains struct{ known *lookalike.Known }

func (d domains) Like(domain string) (Likeness, bool) {
	like, ok := d.known.Like(domain)
	return Likeness{Domain: like.Domain, Kind: string(like.Kind), Detail: like.Detail}, ok
}

func (d domains) FreeMail(domain string) (free, disposable bool) { return lookalike.FreeMail(domain) }

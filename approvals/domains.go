package approvals

import (
	"context"
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

// BaseDomain is the domain that requests for guests of a mail domain are counted
// under: the one that its owner registered, so that a subdomain does not begin
// anew. What its guests have nothing in common in, as at free mail, stands for itself.
func BaseDomain(domain string) string { return lookalike.Base(domain) }

// countDomains is what a store knows of the domains of a pending request, without
// that request.
func countDomains(ctx context.Context, store Reader, r Request) (map[string]DomainCount, error) {
	here := map[string]DomainCount{}
	for _, f := range append(slices.Clone(r.FactsOf), r.Facts) {
		if _, counted := here[f.Domain]; counted || f.Domain == "" {
			continue
		}
		count, err := store.Domain(ctx, f.Domain)
		if err != nil {
			return nil, wrapFault(err, "counting the guests of a domain")
		}
		count.Pending = max(count.Pending-1, 0)
		here[f.Domain] = count
	}
	return here, nil
}

package bot

import (
	"context"
	"strconv"
	"strings"

	"partnerbot/approvals"
)

// changing is what a Change form carries: its target, and the terms that it began
// with. It says what is wrong with an input early; what counts is the request.
type changing struct {
	Target
	was approvals.Terms
	all int // grants
}

// write puts it into a form's private metadata: the target, how long the terms
// last, how many grants there are, and the only one if there is just one. Boxes
// say the rest.
func (c changing) write() string {
	only := ""
	if len(c.was.Grants) == 1 {
		only = c.was.Grants[0].Group
	}
	return strings.Join([]string{c.Value(), writeLength(c.was), strconv.Itoa(c.all), only}, "\n")
}

// readChanging reads what write wrote.
func readChanging(s string) (changing, bool) {
	parts := strings.Split(s, "\n")
	if len(parts) != 4 {
		return changing{}, false
	}
	t, ok := ParseTarget(parts[0])
	was, lasts := readLength(parts[1])
	all, err := strconv.Atoi(parts[2])
	if parts[3] != "" {
		was.Grants = []approvals.Grant{{Group: parts[3]}}
	}
	return changing{Target: t, was: was, all: all}, ok && lasts && err == nil
}

// change keeps that somebody gives less than was asked for.
func (b *Bot) change(ctx context.Context, i interaction) (answer, error) {
	c, ok := readChanging(i.View.Metadata)
	if !ok {
		b.passOver(ctx, "metadata", CallbackChange)
		return answer{}, nil
	}
	terms, err := b.narrowed(c, i.View)
	if err != nil {
		return b.wrongFields(ctx, i, err), nil
	}
	p := c.press(i.who(), approvals.Narrow)
	p.Terms, p.Also, p.Choose = &terms, len(i.View.chosen(blockAlso)) > 0, i.View.user(string(approvals.FieldChoose))
	if _, asked := i.View.State.Values[string(approvals.FieldChoose)]; asked && p.Also && p.Choose == "" {
		return b.wrongFields(ctx, i, approvals.ErrChooseNeeded.With("id", string(c.ID))), nil
	}
	return b.submitted(ctx, i, c.Target, p)
}

// narrowed reads what is to be given instead. A day counts more than a length.
func (b *Bot) narrowed(c changing, v view) (approvals.Terms, error) {
	now := b.cfg.Now()
	chosen := v.text(string(approvals.FieldFor))
	terms, ok := readLength(chosen)
	if !ok {
		return approvals.Terms{}, approvals.ErrChangeNothing
	}
	same := chosen == writeLength(c.was)
	if day := v.date(string(approvals.FieldEnds)); day != "" {
		terms, same = approvals.Terms{Ends: endOf(day)}, false
		switch {
		case !terms.Ends.After(now):
			return approvals.Terms{}, approvals.ErrEndPassed
		case !endsEarlier(terms.Ends, c.was, now):
			return approvals.Terms{}, elsewhere(approvals.ErrChangeMore, approvals.FieldEnds)
		}
	}
	terms.Grants = c.was.Grants
	if _, boxes := v.State.Values[string(approvals.FieldGrants)]; boxes {
		terms.Grants = nil
		for _, key := range v.chosen(string(approvals.FieldGrants)) {
			terms.Grants = append(terms.Grants, approvals.Grant{Group: strings.TrimPrefix(key, "group:")})
		}
		if len(terms.Grants) == 0 {
			return approvals.Terms{}, elsewhere(approvals.ErrChangeNothing, approvals.FieldGrants)
		}
	}
	if same && len(terms.Grants) == c.all {
		return approvals.Terms{}, approvals.ErrChangeNothing
	}
	return terms, nil
}

// elsewhere is a refusal at another field than its own.
func elsewhere(r *approvals.Refusal, field approvals.Field) *approvals.Refusal {
	moved := *r
	moved.Field = field
	return &moved
}

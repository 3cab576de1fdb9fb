package approvals

import (
	"context"
	"errors"
)

// facts asks Entra what a sponsor should know of the guest, who the requester's
// manager is where a stage needs them, and the store what happened in the guest's
// domain since the stage before. Nothing waits for it but the manager's own stage.
func (w *Worker) facts(ctx context.Context, r Request) (outcome, error) {
	if r.State != Pending {
		return outcome{}, nil
	}
	var out outcome
	for i := range r.Access.Stages {
		for _, role := range r.Unseated(i) {
			if role == RoleChosen {
				continue
			}
			seat, err := w.seat(ctx, r, i, role)
			if err != nil {
				out.trouble = err
				break
			}
			out.events = append(out.events, Seated{Seat: seat})
		}
	}
	if r.Stage > 0 { // in the first it is as the plan saw it
		here, err := countDomains(ctx, w.Store, r)
		if err != nil {
			return outcome{}, err
		}
		out.events = append(out.events, DomainsCounted{Here: here})
	}
	if r.Facts.Tenant == nil && len(r.Guests) == 0 {
		known, err := w.tenantFacts(ctx, r)
		if err == nil {
			out.events = append(out.events, FactsFound{Tenant: known})
		} else if out.trouble == nil {
			out.trouble = err
		}
	}
	if out.trouble != nil && len(out.events) == 0 {
		return outcome{}, out.trouble
	}
	return out, nil
}

// seat finds out who has a role. Nobody has the sponsors' role that was not filled
// in when the request was made.
func (w *Worker) seat(ctx context.Context, r Request, stage int, role string) (Seat, error) {
	nobody := Seat{Stage: stage, Role: role}
	if role != RoleManager {
		return nobody, nil
	}
	who, err := w.Desk.Person(ctx, r.Requester)
	if err != nil || who.Email == "" {
		return nobody, unlessUnknown(err)
	}
	var email string
	var ok bool
	err = w.ask(ctx, callFacts, func() error {
		email, ok, err = w.Tenant.Manager(ctx, who.Email)
		return err
	})
	if err != nil || !ok {
		return nobody, w.refusedIsNobody(ctx, r, err)
	}
	manager, err := w.Desk.ByEmail(ctx, email)
	if err != nil || manager.stranger() || manager.ID.Same(r.Requester) {
		return nobody, unlessUnknown(err)
	}
	return Seat{Stage: stage, Role: role, User: manager.ID.User}, nil
}

func unlessUnknown(err error) error {
	if errors.Is(err, ErrUnknownPerson) {
		return nil
	}
	return err
}

// refusedIsNobody leaves a role empty that Entra will never tell, so that the
// stage's escalation or the admins take over.
func (w *Worker) refusedIsNobody(ctx context.Context, r Request, err error) error {
	if err == nil || troubleOf(err).Kind != Refused || troubleOf(err).Wide != "" {
		return err
	}
	t := troubleOf(err)
	w.Log.WarnContext(ctx, "Entra does not say who the requester's manager is", "request", r.ID, "trouble", t.inLog())
	return nil
}

func (w *Worker) tenantFacts(ctx context.Context, r Request) (known TenantFacts, err error) {
	domain := r.Facts.Domain
	if r.Facts.FreeMail && r.Facts.Partner == "" {
		domain = "" // its guests have nothing in common
	}
	err = w.ask(ctx, callFacts, func() error {
		known, err = w.Tenant.Facts(ctx, r.Guest.Email, domain)
		return err
	})
	if err != nil && troubleOf(err).Kind == Refused && troubleOf(err).Wide == "" {
		return TenantFacts{At: w.Now(), Trouble: orUnknown(troubleOf(err).Code)}, nil
	}
	known.At = w.Now()
	return known, err
}

func orUnknown(code string) string {
	if code == "" {
		return "refused"
	}
	return code
}

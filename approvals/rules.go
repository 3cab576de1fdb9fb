package approvals

import "time"

// Rule changes what an access asks for, where its condition holds.
type Rule struct {
	ID   string
	When Condition // nil holds always
	Text string    // the condition as it is written, for people
	Then Effect
}

// Condition is a rule's question about a case. An error means that it is not
// known, and what is not known is refused.
type Condition interface {
	Holds(c Case) (bool, error)
}

// Effect is what a rule does. Several may be set.
type Effect struct {
	AddStage *Stage // after the access's own stages
	First    bool   // before them
	Longest  time.Duration
	Refuse   string // a sentence for the requester
	// Approve lets the guest in without anybody's decision. It is honoured only
	// where no rule adds a stage or refuses.
	Approve bool
}

// Case is what a condition may ask about.
type Case struct {
	Email, Domain, Company string // of the guest; of several guests, the one it is asked for
	Facts                  Facts
	Access                 string
	For                    time.Duration // 0: without an end
	OpenEnded              bool
	Guests                 int // in one request
	Requester              PersonID
	RequesterEmail         string
	Groups                 []string // user groups, of those that the policy names, that the requester is in
}

// Applied is a rule that had a say in a request.
type Applied struct {
	Rule    string        `json:"rule"`
	Added   string        `json:"added,omitempty"` // name of the stage
	Longest time.Duration `json:"longest,omitempty"`
	Refused string        `json:"refused,omitempty"`
	Approve bool          `json:"approve,omitempty"`
}

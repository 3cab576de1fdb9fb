package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const maxGraphBatch = 20

// graphOperation is something Graph can do, and the permissions of which the app needs one.
type graphOperation struct {
	method string
	path   []string
	needs  []string
	do     func(*Tenant, *graphRequest) graphReply
}

// The permissions of which one is enough, by what is done. Microsoft's reference pages list the same under "Application".
var (
	readUsers    = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeUsers   = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	editUsers    = append([]string{"User.EnableDisableAccount.All"}, writeUsers...)
	deleteUsers  = []string{"User.ReadWrite.All", "User.DeleteRestore.All"}
	writeSponsor = []string{"User.ReadWrite.All"}
	endSessions  = []string{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}
	readGroups   = []string{
		"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All",
		"Directory.Read.All", "Directory.ReadWrite.All",
	}
	writeMembers = []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readMemberOf = append([]string{"User.Read.All", "User.ReadWrite.All"}, readGroups...)
	readOrg      = []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readPolicy   = []string{"Policy.Read.All", "Policy.ReadWrite.Authorization"}
)

func graphOperations() []graphOperation {
	at := func(route string, needs []string, do func(*Tenant, *graphRequest) graphReply) graphOperation {
		method, path, _ := strings.Cut(route, " /")
		return graphOperation{method, strings.Split(path, "/"), needs, do}
	}
	return []graphOperation{
		at("POST /invitations", nil, (*Tenant).invite), // refuses in its own words
		at("POST /$batch", nil, (*Tenant).batch),
		at("GET /users", readUsers, (*Tenant).listUsers),
		at("GET /users/{id}", readUsers, (*Tenant).getUser),
		at("PATCH /users/{id}", editUsers, (*Tenant).patchUser),
		at("DELETE /users/{id}", deleteUsers, (*Tenant).deleteUser),
		at("GET /users/{id}/sponsors", readUsers, (*Tenant).listSponsors),
		at("POST /users/{id}/sponsors/$ref", writeSponsor, (*Tenant).addSponsor),
		at("DELETE /users/{id}/sponsors/{id}/$ref", writeSponsor, (*Tenant).removeSponsor),
		at("GET /users/{id}/manager", readUsers, (*Tenant).getManager),
		at("PUT /users/{id}/manager/$ref", writeUsers, (*Tenant).setManager),
		at("GET /users/{id}/memberOf", readMemberOf, (*Tenant).listMemberOf),
		at("GET /users/{id}/transitiveMemberOf", readMemberOf, (*Tenant).listMemberOf),
		at("POST /users/{id}/checkMemberGroups", readMemberOf, (*Tenant).checkMemberGroups),
		at("POST /users/{id}/revokeSignInSessions", endSessions, (*Tenant).revokeSessions),
		at("POST /users/{id}/microsoft.graph.revokeSignInSessions", endSessions, (*Tenant).revokeSessions),
		at("GET /groups", readGroups, (*Tenant).listGroups),
		at("GET /groups/{id}", readGroups, (*Tenant).getGroup),
		at("PATCH /groups/{id}", writeMembers, (*Tenant).patchGroup),
		at("GET /groups/{id}/members", readGroups, (*Tenant).listMembers),
		at("GET /groups/{id}/transitiveMembers", readGroups, (*Tenant).listMembers),
		at("POST /groups/{id}/members/$ref", writeMembers, (*Tenant).addMemberRef),
		at("DELETE /groups/{id}/members/{id}/$ref", writeMembers, (*Tenant).removeMemberRef),
		at("DELETE /groups/{id}/members/{id}", deleteUsers, (*Tenant).deleteMember),
		at("GET /directory/deletedItems", readUsers, (*Tenant).listDeleted),
		at("GET /directory/deletedItems/microsoft.graph.user", readUsers, (*Tenant).listDeleted),
		at("GET /directory/deletedItems/graph.user", readUsers, (*Tenant).listDeleted),
		at("GET /directory/deletedItems/{id}", readUsers, (*Tenant).getDeleted),
		at("POST /directory/deletedItems/{id}/restore", deleteUsers, (*Tenant).restore),
		at("DELETE /directory/deletedItems/{id}", deleteUsers, (*Tenant).purge),
		at("GET /organization", readOrg, (*Tenant).organization),
		at("GET /policies/authorizationPolicy", readPolicy, (*Tenant).authorizationPolicy),
	}
}

var keyedSegment = regexp.MustCompile(`^(\w+)\('([^']*)'\)$`)

// dispatch finds the operation for an escaped path below /v1.0 and performs it. The caller holds the lock.
func (t *Tenant) dispatch(g *graphRequest, escaped string) graphReply {
	for part := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		segment, err := url.PathUnescape(part)
		if err != nil {
			return graphRefuse(http.StatusBadRequest, "BadRequest", "The request URL is not valid.")
		}
		if m := keyedSegment.FindStringSubmatch(segment); m != nil { // users('id') is users/id
			g.segments = append(g.segments, m[1], m[2])
		} else {
			g.segments = append(g.segments, segment)
		}
	}
	for _, op := range t.operations {
		if op.method != g.method || !g.match(op.path) {
			continue
		}
		if !t.may(op.needs) {
			return graphRefuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		}
		return op.do(t, g)
	}
	last := g.segments[len(g.segments)-1]
	return graphRefuse(http.StatusNotFound, "UnknownError", "Resource not found for the segment '"+last+"'.")
}

func (g *graphRequest) match(path []string) bool {
	if len(path) != len(g.segments) {
		return false
	}
	var ids []string
	for i, want := range path {
		switch {
		case want == "{id}" && !strings.HasPrefix(g.segments[i], "$"):
			ids = append(ids, g.segments[i])
		case !strings.EqualFold(want, g.segments[i]):
			return false
		}
	}
	g.ids = ids
	return true
}

// decode reads the body, refusing what is not one JSON object.
func (g *graphRequest) decode(into any) *graphReply {
	if err := json.Unmarshal(g.body, into); err != nil {
		r := graphRefuse(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
		return &r
	}
	return nil
}

type batchPart struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batch performs its parts in the order given; a part fails with the part it depends on.
func (t *Tenant) batch(g *graphRequest) graphReply {
	var in struct{ Requests []batchPart }
	if r := g.decode(&in); r != nil {
		return *r
	}
	if len(in.Requests) == 0 || len(in.Requests) > maxGraphBatch {
		return graphRefuse(http.StatusBadRequest, "BadRequest", "The batch must hold between 1 and 20 requests.")
	}
	responses := []any{}
	var seen, failed []string
	for _, part := range in.Requests {
		if part.ID == "" || slices.Contains(seen, part.ID) {
			return graphRefuse(http.StatusBadRequest, "BadRequest", "Every request of a batch needs an id of its own.")
		}
		seen = append(seen, part.ID)
		reply := graphRefuse(http.StatusFailedDependency, "FailedDependency", "A request this one depends on failed.")
		if !slices.ContainsFunc(part.DependsOn, func(id string) bool { return slices.Contains(failed, id) }) {
			reply = t.perform(g, part)
		}
		if reply.status >= http.StatusBadRequest {
			failed = append(failed, part.ID)
		}
		responses = append(responses, t.batchAnswer(part.ID, reply))
	}
	return graphAnswer(http.StatusOK, map[string]any{"responses": responses})
}

func (t *Tenant) perform(g *graphRequest, part batchPart) graphReply {
	u, err := url.Parse(part.URL)
	if err != nil || u.IsAbs() || strings.EqualFold(strings.Trim(u.Path, "/"), "$batch") {
		return graphRefuse(http.StatusBadRequest, "BadRequest", "Invalid batch request URL.")
	}
	inner := &graphRequest{method: strings.ToUpper(part.Method), query: u.Query(), header: http.Header{}, body: part.Body, host: g.host}
	for name, value := range part.Headers {
		inner.header.Set(name, value)
	}
	return t.dispatch(inner, strings.TrimPrefix(u.EscapedPath(), "/v1.0"))
}

func (t *Tenant) batchAnswer(id string, reply graphReply) map[string]any {
	headers := map[string]string{"Content-Type": "application/json"}
	for name := range reply.header {
		headers[name] = reply.header.Get(name)
	}
	out := map[string]any{"id": id, "status": reply.status, "headers": headers}
	if reply.fault != nil || reply.body != nil {
		requestID := newGUID()
		out["body"] = reply.content(t.now(), requestID, requestID)
	}
	return out
}

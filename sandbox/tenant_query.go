package sandbox

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPage = 100
	largestPage = 999
)

// entityKind is what queries may say about one kind of object.
type entityKind struct {
	name       string
	properties map[string]any
	defaults   []string // without $select
	filterable []string
}

var queryOptions = []string{"$select", "$filter", "$top", "$count", "$expand", "$orderby", "$search", "$skiptoken"}

func unsupportedQuery(message string) *graphReply {
	r := graphRefuse(http.StatusBadRequest, "Request_UnsupportedQuery", message)
	return &r
}

func invalidQuery(message string) *graphReply {
	r := graphRefuse(http.StatusBadRequest, "BadRequest", message)
	return &r
}

// one answers with a single object.
func (t *Tenant) one(g *graphRequest, kind entityKind, record map[string]any, context string) graphReply {
	for name := range g.query {
		if strings.HasPrefix(name, "$") && name != "$select" && name != "$expand" {
			return *invalidQuery("Query option '" + name + "' is not allowed here.")
		}
	}
	out, r := kind.project(g.query, record)
	if r != nil {
		return *r
	}
	out["@odata.context"] = t.context(context)
	return graphAnswer(http.StatusOK, out)
}

// list answers with one page of objects.
func (t *Tenant) list(g *graphRequest, kind entityKind, records []map[string]any, context string) graphReply {
	for name := range g.query {
		if strings.HasPrefix(name, "$") && !slices.Contains(queryOptions, name) {
			return *invalidQuery("Query option '" + name + "' is not supported.")
		}
	}
	counting := g.query.Get("$count") == "true"
	advanced := counting && strings.EqualFold(g.header.Get("ConsistencyLevel"), "eventual")
	if g.query.Has("$search") {
		return *unsupportedQuery("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	records, r := kind.filter(g.query.Get("$filter"), records, advanced)
	if r != nil {
		return *r
	}
	if records, r = kind.sort(g.query, records, advanced); r != nil {
		return *r
	}
	out := map[string]any{"@odata.context": t.context(context), "value": []any{}}
	if advanced {
		out["@odata.count"] = len(records)
	}
	top, from, r := pageOf(g.query, len(records))
	if r != nil {
		return *r
	}
	if from+top < len(records) {
		out["@odata.nextLink"] = t.nextLink(g, from+top)
	}
	page := []any{}
	for _, record := range records[from:min(from+top, len(records))] {
		item, r := kind.project(g.query, record)
		if r != nil {
			return *r
		}
		page = append(page, item)
	}
	out["value"] = page
	return graphAnswer(http.StatusOK, out)
}

// project keeps what $select and $expand name, or the defaults; the type of an object in a mixed list stays.
func (kind entityKind) project(query url.Values, record map[string]any) (map[string]any, *graphReply) {
	names := kind.defaults
	if s := query.Get("$select"); s != "" {
		names = strings.Split(s, ",")
	}
	out := map[string]any{}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if name == "sponsors" || name == "manager" { // selecting a relation is allowed, and yields nothing
			continue
		}
		if _, ok := kind.properties[name]; !ok {
			return nil, invalidQuery("Parsing OData Select and Expand failed: Could not find a property named '" + name + "' on type 'microsoft.graph." + kind.name + "'.")
		}
		if value, ok := record[name]; ok {
			out[name] = value
		}
	}
	if kind, ok := record["@odata.type"]; ok {
		out["@odata.type"] = kind
	}
	for name := range strings.SplitSeq(query.Get("$expand"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		relation, _, _ := strings.Cut(name, "(")
		if kind.name != "user" || relation != "sponsors" && relation != "manager" {
			return nil, invalidQuery("Parsing OData Select and Expand failed: Could not find a property named '" + relation + "' on type 'microsoft.graph." + kind.name + "'.")
		}
		if related, ok := record[relation]; ok {
			out[relation] = defaultsOf(related)
		}
	}
	return out, nil
}

// defaultsOf strips related objects to what Graph shows of them unasked.
func defaultsOf(related any) any {
	strip := func(record map[string]any) map[string]any {
		keep := append([]string{"@odata.type"}, userDefaults...)
		record = maps.Clone(record)
		maps.DeleteFunc(record, func(name string, _ any) bool { return !slices.Contains(keep, name) })
		return record
	}
	switch r := related.(type) {
	case []map[string]any:
		out := []map[string]any{}
		for _, record := range r {
			out = append(out, strip(record))
		}
		return out
	case map[string]any:
		return strip(r)
	}
	return nil
}

func (kind entityKind) filter(filter string, records []map[string]any, advanced bool) ([]map[string]any, *graphReply) {
	if filter == "" {
		return records, nil
	}
	match, r := parseFilter(filter, kind, advanced)
	if r != nil {
		return nil, r
	}
	return slices.DeleteFunc(records, func(record map[string]any) bool { return !match(filterRow{record: record}) }), nil
}

func (kind entityKind) sort(query url.Values, records []map[string]any, advanced bool) ([]map[string]any, *graphReply) {
	order := query.Get("$orderby")
	if order == "" {
		return records, nil
	}
	name, direction, _ := strings.Cut(order, " ")
	if name != "displayName" && name != "userPrincipalName" || query.Has("$filter") && !advanced {
		return nil, unsupportedQuery("Sorting not supported for current query.")
	}
	slices.SortStableFunc(records, func(a, b map[string]any) int {
		left, _ := a[name].(string)
		right, _ := b[name].(string)
		if c := cmp.Compare(strings.ToLower(left), strings.ToLower(right)); direction != "desc" {
			return c
		}
		return cmp.Compare(strings.ToLower(right), strings.ToLower(left))
	})
	return records, nil
}

func pageOf(query url.Values, count int) (top, from int, r *graphReply) {
	top = defaultPage
	if s := query.Get("$top"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > largestPage {
			return 0, 0, invalidQuery("Invalid page size specified: '" + s + "'. Must be between 1 and 999 inclusive.")
		}
		top = n
	}
	if s := query.Get("$skiptoken"); s != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(s, "page"))
		if err != nil || n < 0 || n > count {
			return 0, 0, invalidQuery("The skip token is not valid.")
		}
		from = n
	}
	return top, from, nil
}

// nextLink repeats the query with the place to go on from.
func (t *Tenant) nextLink(g *graphRequest, from int) string {
	query := maps.Clone(g.query)
	query["$skiptoken"] = []string{"page" + strconv.Itoa(from)}
	base := t.base
	if base == "" {
		base = "http://" + g.host
	}
	return base + "/v1.0/" + strings.Join(g.segments, "/") + "?" + query.Encode()
}

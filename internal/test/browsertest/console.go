package browsertest

import (
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// console collects what the browser complains about in one tab.
type console struct {
	mu       sync.Mutex
	entries  []complaint
	requests map[network.RequestID]requested
	foreign  map[string]bool // origins
}

// requested is what was asked for, and by which page.
type requested struct {
	page      string // its origin
	itIsAPage bool
}

type complaint struct {
	text    string
	url     string
	request network.RequestID
}

func newConsole() *console {
	return &console{requests: map[network.RequestID]requested{}, foreign: map[string]bool{}}
}

// listen is called for each event of the tab, from its start.
func (c *console) listen(ev any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		c.requests[ev.RequestID] = requested{
			page: origin(ev.DocumentURL), itIsAPage: ev.Type == network.ResourceTypeDocument,
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Source == log.EntrySourceSecurity {
			c.entries = append(c.entries, complaint{
				text: string(ev.Entry.Source) + ": " + ev.Entry.Text,
				url:  ev.Entry.URL, request: ev.Entry.NetworkRequestID,
			})
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeAssert {
			c.entries = append(c.entries, complaint{text: "console: " + said(ev.Args)})
		}
	case *runtime.EventExceptionThrown:
		d := ev.ExceptionDetails
		text := "exception: " + d.Text
		if d.Exception != nil {
			text += " " + d.Exception.Description
		}
		c.entries = append(c.entries, complaint{text: text, url: d.URL})
	}
}

func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		words = append(words, string(a.Value)+a.Description)
	}
	return strings.Join(words, " ")
}

// all returns every complaint. The status of a page itself (a 401 or a 404 that
// a journey asked for) is not one; the browser logs it as if it were.
func (c *console) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, e := range c.entries {
		r := c.requests[e.request]
		if !r.itIsAPage && !c.foreign[r.page] && !c.foreign[origin(e.url)] {
			texts = append(texts, e.text+" ("+e.url+")")
		}
	}
	return texts
}

func (tab *Tab) reportComplaints() {
	for _, text := range tab.console.all() {
		tab.t.Errorf("the browser complains: %s", text)
	}
}

// TolerateComplaints forgives complaints about pages of an origin that is not
// the project's own.
func (tab *Tab) TolerateComplaints(origin string) {
	tab.console.mu.Lock()
	defer tab.console.mu.Unlock()
	tab.console.foreign[origin] = true
}

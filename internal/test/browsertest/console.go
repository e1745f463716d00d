package browsertest

import (
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// console collects the errors that the browser reports in one tab.
type console struct {
	mu       sync.Mutex
	entries  []complaint
	requests map[network.RequestID]requested
	foreign  map[string]bool // origins
}

// requested is a request of a page.
type requested struct {
	page     string // the page's origin
	document bool   // the request is for a page, not for a part of one
}

type complaint struct {
	text    string
	url     string
	request network.RequestID
}

func newConsole() *console {
	return &console{requests: map[network.RequestID]requested{}, foreign: map[string]bool{}}
}

// listen handles an event of the tab.
func (c *console) listen(ev any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		c.requests[ev.RequestID] = requested{
			page: origin(ev.DocumentURL), document: ev.Type == network.ResourceTypeDocument,
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
			c.entries = append(c.entries, complaint{text: "console: " + joined(ev.Args)})
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

func joined(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		words = append(words, string(a.Value)+a.Description)
	}
	return strings.Join(words, " ")
}

// all returns the errors as texts. It leaves out the status of the page itself,
// such as 401 or 404, which the browser reports as an error.
func (c *console) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, e := range c.entries {
		r := c.requests[e.request]
		if !r.document && !c.foreign[r.page] && !c.foreign[origin(e.url)] {
			texts = append(texts, e.text+" ("+e.url+")")
		}
	}
	return texts
}

func (tab *Tab) reportComplaints() {
	for _, text := range tab.console.all() {
		tab.t.Errorf("the browser reports: %s", text)
	}
}

// IgnoreErrors ignores errors on pages with this origin, because they belong to
// another program.
func (tab *Tab) IgnoreErrors(origin string) {
	tab.console.mu.Lock()
	defer tab.console.mu.Unlock()
	tab.console.foreign[origin] = true
}

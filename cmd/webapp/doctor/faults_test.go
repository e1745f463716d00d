package doctor_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	"webapp/cmd/webapp/doctor"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

// host replaces the host of the authority.
func (w *world) host(name string) {
	w.cfg.Entra.Authority = strings.Replace(w.cfg.Entra.Authority, idpHost, name, 1)
}

// front lets a proxy change the headers of the provider's responses.
func (w *world) front(change func(http.Header)) {
	w.serve[idpHost+":443"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		change(rw.Header())
		w.idp.ServeHTTP(rw, r)
	})
}

// metadata sets a member of the discovery document. The value nil removes it.
func (w *world) metadata(name string, value any) {
	w.idp.MutateMetadata(func(_ string, document map[string]any) {
		if document[name] = value; value == nil {
			delete(document, name)
		}
	})
}

// nullMetadata sets members of the discovery document to null.
func (w *world) nullMetadata(names ...string) {
	w.idp.MutateMetadata(func(_ string, document map[string]any) {
		for _, name := range names {
			document[name] = nil
		}
	})
}

// keyIssuer sets the issuer of every key. The value nil removes it.
func (w *world) keyIssuer(issuer any) {
	w.idp.MutateKeys(func(_ string, document map[string]any) {
		for _, key := range document["keys"].([]any) {
			member := key.(map[string]any)
			if member["issuer"] = issuer; issuer == nil {
				delete(member, "issuer")
			}
		}
	})
}

// tokenError makes the token endpoint return an error.
func (w *world) tokenError(number int) {
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: number}})
}

// redirectURI sets the redirect URI in the configuration and in the application.
func (w *world) redirectURI(uri string) {
	w.cfg.RedirectURI, w.cfg.Entra.RedirectURI, w.app.redirectURI = uri, uri, uri
	if !strings.HasPrefix(uri, "https:") {
		w.cfg.PublicURL = nil
	}
}

// limit makes the proxy refuse requests for which measure returns more than 4 KiB.
func (w *world) limit(status int, measure func(*http.Request) int) {
	w.app.before = func(rw http.ResponseWriter, r *http.Request) bool {
		if measure(r) > 4096 {
			rw.WriteHeader(status)
			return true
		}
		return false
	}
}

// oddStore is a session store with faults.
type oddStore struct {
	*memory.Store
	w          *world
	takes      time.Duration
	find       error
	anyVersion bool
	keeps      bool
	noIndex    bool
}

func (w *world) store(fault func(*oddStore)) {
	s := &oddStore{Store: memory.New(func() time.Time { return noon }), w: w}
	fault(s)
	w.cfg.OpenStore = func(context.Context) (doctor.Store, error) { return s, nil }
}

func (s *oddStore) Find(ctx context.Context, key string) (ports.Record, error) {
	s.w.clock.Advance(s.takes)
	if s.find != nil {
		return ports.Record{}, s.find
	}
	return s.Store.Find(ctx, key)
}

func (s *oddStore) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	if s.anyVersion {
		found, err := s.Store.Find(ctx, r.Key)
		if err != nil {
			return 0, err
		}
		v = found.Version
	}
	return s.Store.Replace(ctx, r, v)
}

func (s *oddStore) Delete(ctx context.Context, key string, v ports.Version) error {
	if s.keeps {
		return nil
	}
	return s.Store.Delete(ctx, key, v)
}

func (s *oddStore) Keys(ctx context.Context, index string) ([]string, error) {
	if s.noIndex {
		return nil, nil
	}
	return s.Store.Keys(ctx, index)
}

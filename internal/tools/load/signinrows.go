package main

func (s *signIns) report(r *report, other *signIns) {
	const baseline = "x/oauth2 and go-oidc alone"
	add := func(figure, unit string, mine, than float64) {
		r.add(row{Part: "sign-ins", Figure: figure, Value: mine, Unit: unit, Baseline: baseline, Than: than})
	}
	perSecond := func(s *signIns) float64 { return float64(s.count) / s.wall.Seconds() }
	each := func(s *signIns) float64 { return micros(s.cpu) / float64(s.count) }
	add("sign-ins, the provider on the same machine", "/s", perSecond(s), perSecond(other))
	add("CPU of a sign-in, without the provider's", "µs", each(s), each(other))
	add("sign-ins that the CPU time of one core is enough for", "/s", 1e6/each(s), 1e6/each(other))
	logins, otherLogins := summary(s.logins), summary(other.logins)
	add("/login p50", "µs", micros(logins.p50), micros(otherLogins.p50))
	add("/login p99", "µs", micros(logins.p99), micros(otherLogins.p99))
	ends, otherEnds := summary(s.callbacks), summary(other.callbacks)
	add("callback p50, several at once", "µs", micros(ends.p50), micros(otherEnds.p50))
	add("callback p99, several at once", "µs", micros(ends.p99), micros(otherEnds.p99))
}

package forgery

import (
	"math"
	"slices"
	"time"
)

// times are tokens of another time.
func times() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 9: exp is there, a number, and has not passed", []attack{
			{"exp is missing", Drop("exp")},
			{"exp has passed", Shift("exp", -5*time.Minute)},
			{"exp is null", Set("exp", nil)},
			{"exp is a string", Set("exp", "4102444800")},
			{"exp is a list", Set("exp", []int{1})},
			{"exp is negative", Set("exp", -1)},
			{"exp is zero", Set("exp", 0)},
		}),
		rule(kind{prudent: true}, "prudence: a time that no date can hold is a trick with overflow", []attack{
			{"exp overflows", Set("exp", uint64(math.MaxUint64))},
			{"exp is beyond every date", WithRaw("exp", "1e300")},
			{"exp is too large for a number", WithRaw("exp", "1e999")},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 2: iat is there and a number", []attack{
			{"iat is missing", Drop("iat")},
			{"iat is a string", Set("iat", "1")},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 3.1.3.7, 10: iat may refuse a token of another time", []attack{
			{"iat is in the future", Shift("iat", 5*time.Minute+time.Second)},
			{"iat is negative", Set("iat", -5)},
		}),
		rule(kind{}, "RFC 7519, section 4.1.5: nbf, where present, is a number and has come", []attack{
			{"nbf is in the future", Shift("nbf", 5*time.Minute+time.Second)},
			{"nbf is a string", Set("nbf", "1")},
		}),
	)
}

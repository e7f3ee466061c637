"""Everything the phone provider wants over HTTP: what to do with a call, who may speak to us, and orders to it.

origin      our public address, in one spelling for the URLs we hand out and the URLs they sign
tokens      the single-use capability that opens a stream
signatures  whether a request comes from the provider
callbacks   their form fields as our values
twiml       what a call is to do next, as their XML
transfer    whom a caller may be passed on to, when, and how it ended
rest        orders to live calls, outbound calls, the account

The `twilio` package is used only here. Routes and sockets are the server's.
"""

vcl 4.1;
backend near { .host = "10.0.0.1"; }
backend far { .host = "10.0.0.2"; }
backend half { .host = "10.0.0.3"; }
backend before { .host = "10.0.0.4"; }
sub vcl_recv {
    set req.backend_hint = before;
    if (req.url ~ "^/far") {
        set req.backend_hint = far;
    } elsif (req.url ~ "^/no") {
        return (synth(404));
    } else {
        set req.backend_hint = near;
    }
}

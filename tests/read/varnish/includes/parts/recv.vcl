if (req.http.host == "two.example.com") {
    set req.backend_hint = two;
}

"""Floor three: shows. Streamlit only: no SQL, no GraphQL, no HTTP, no arithmetic of credits."""
